"""A dropdown of one's own in HTML; what is chosen is stored in the task."""

from tallymark import RecipeError, recipe

TEMPLATE = """
<p>{{text}}</p>
<label>Goes to
  <select id="department">
    <option value="">Choose …</option>
    {{#departments}}<option>{{.}}</option>{{/departments}}
  </select>
</label>
"""
SCRIPT = """
document.addEventListener("change", ({ target }) => {
  if (target.id === "department") tallymark.update({ department: target.value });
});
// a new card, or one that comes back
document.addEventListener("tallymarkupdate", ({ detail: { task } }) => {
  document.querySelector("#department").value = task.department ?? "";
});
"""
STYLE = "select { min-height: 2.6em; margin-inline-start: 0.5em; padding: 0 0.6em; font: inherit }"
MAILS = ["My parcel has not come.", "I was charged twice."]


@recipe("pages.dropdown")
def dropdown(dataset: str):
    """Who should answer this mail?"""

    def validate_answer(task):
        if task["answer"] == "accept" and not task.get("department"):
            raise RecipeError("Choose a department first.")

    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": [{"text": text, "departments": ["Shipping", "Billing", "Returns"]} for text in MAILS],
        "validate_answer": validate_answer,
        "config": {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": STYLE},
    }
