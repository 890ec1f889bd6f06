"""Progress on the card itself: how much is done in all."""

from tallymark import recipe

TEXTS = [f"Sentence number {n}." for n in range(1, 21)]
TEMPLATE = """
<p>{{text}}</p>
<div class="done">
  <progress id="done" max="20" value="0" aria-label="Done in all"></progress>
  <span></span>
</div>
"""
SCRIPT = """
let counted = { done: 0, total: 0 };

function show() {
  const bar = document.querySelector("#done");
  if (bar === null) return;
  const { done, total } = counted;
  [bar.max, bar.value] = [total, done];
  bar.nextElementSibling.textContent = `${done} of ${total}`;
}

async function count() {
  await tallymark.save();
  counted = await tallymark.event("count");
  show();
}

document.addEventListener("tallymarkload", count);
document.addEventListener("tallymarkanswer", count);
document.addEventListener("tallymarkundo", count);
document.addEventListener("tallymarkupdate", show);
"""
STYLE = ".done { display: flex; gap: 0.8em; align-items: center } .done progress { flex: 1; max-width: 20em }"


@recipe("pages.progress_html")
def progress_html(dataset: str):
    """Is it a sentence?"""

    def count(ctrl):
        return {"done": ctrl.total_annotated, "total": len(TEXTS)}

    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": [{"text": text} for text in TEXTS],
        "event_hooks": {"count": count},
        "config": {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": STYLE},
    }
