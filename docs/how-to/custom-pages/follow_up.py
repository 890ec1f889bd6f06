"""A question that follows from what was chosen: a function of the recipe says what it is."""

from tallymark import recipe

COMPLAINTS = ["My parcel has not come.", "The cup arrived in pieces."]
KINDS = [{"id": "late", "text": "Late"}, {"id": "broken", "text": "Broken"}, {"id": "other", "text": "Other"}]
QUESTIONS = {"late": "How many days late is it?", "broken": "Which part is broken?"}
BLOCKS = [
    {"view_id": "choice", "options": KINDS},
    {"view_id": "text_input", "text": None, "field_id": "detail"},
]
SCRIPT = """
let asked = null;

document.addEventListener("tallymarkupdate", async ({ detail: { task } }) => {
  const chosen = task.accept?.[0] ?? null;
  const about = `${task._task_hash} ${chosen}`;
  if (chosen === null || about === asked) return;
  asked = about;
  const question = await tallymark.event("follow_up", { chosen, text: task.text });
  if (asked === about) tallymark.update({ field_label: question });
});
"""


@recipe("pages.follow_up")
def follow_up(dataset: str):
    """Say what kind it is, then answer what is asked."""

    def ask(ctrl, *, chosen: str, text: str):
        return QUESTIONS.get(chosen, f"What is “{text}” about?")

    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": text, "field_label": "More about it"} for text in COMPLAINTS],
        "event_hooks": {"follow_up": ask},
        "config": {"blocks": BLOCKS, "javascript": SCRIPT},
    }
