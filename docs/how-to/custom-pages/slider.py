"""A slider from 0 to 100."""

from tallymark import recipe

TEMPLATE = """
<p>{{text}}</p>
<label for="score">How sure is the writer?</label>
<div class="slider">
  <input id="score" type="range" min="0" max="100" step="5" value="50" />
  <output for="score">–</output>
</div>
"""
SCRIPT = """
const shown = (score) => (score === undefined ? "–" : `${score} %`);

document.addEventListener("input", ({ target }) => {
  if (target.id !== "score") return;
  tallymark.content.score = target.valueAsNumber; // stored with the answer; nothing is drawn anew
  document.querySelector("output").textContent = shown(target.valueAsNumber);
});
document.addEventListener("change", ({ target }) => {
  // let go: from here on it outlives the page
  if (target.id === "score") tallymark.update({ score: target.valueAsNumber });
});
document.addEventListener("tallymarkupdate", ({ detail: { task } }) => {
  document.querySelector("#score").value = task.score ?? 50;
  document.querySelector("output").textContent = shown(task.score);
});
"""
STYLE = """
.slider { display: flex; gap: 1em; align-items: center; margin-top: 0.5em }
.slider input { flex: 1; min-height: 2.4em }
.slider output { min-width: 3.5em; font-variant-numeric: tabular-nums }
"""
TEXTS = ["It will rain tomorrow.", "It might well rain."]


@recipe("pages.slider")
def slider(dataset: str):
    """Set the slider, then accept."""
    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": [{"text": text} for text in TEXTS],
        "config": {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": STYLE},
    }
