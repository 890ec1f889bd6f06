"""Say while somebody types whether it is right, and take nothing else."""

import re

from tallymark import RecipeError, recipe

CODE = r"[A-Z]{2}-[0-9]{4}"
HINT = "Two capitals, a hyphen, four digits."
LABELS = ["Shelf marked AB 1234", "The tag reads XY99"]
BLOCKS = [
    {"view_id": "text_input", "field_id": "code", "field_label": "Code", "field_autofocus": True},
    {"view_id": "html", "text": None, "html_template": '<p id="hint" role="status"></p>'},
]
SCRIPT = f"""
const right = /^{CODE}$/;

document.addEventListener("tallymarkupdate", ({{ detail: {{ task }} }}) => {{
  const code = task.code ?? "";
  const wrong = code !== "" && !right.test(code);
  document.querySelector("#hint").textContent = wrong ? "{HINT}" : code === "" ? "" : "That is a code.";
  document.querySelector(".prodigy-text-input").setAttribute("aria-invalid", String(wrong));
}});
"""
STYLE = '#hint { min-height: 1.6em; margin: 0 } [aria-invalid="true"] { outline: 2px solid crimson }'


@recipe("pages.live_validation")
def live_validation(dataset: str):
    """Type in the code in its right form, as AB-1234."""

    def validate_answer(task):
        if task["answer"] == "accept" and not re.fullmatch(CODE, task.get("code", "")):
            raise RecipeError(HINT)

    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": text} for text in LABELS],
        "validate_answer": validate_answer,
        "config": {"blocks": BLOCKS, "javascript": SCRIPT, "global_css": STYLE},
    }
