"""A clock on the card: how long the page was looked at is stored with the answer."""

from tallymark import recipe

TEMPLATE = '<p>{{text}}</p><p class="clock" role="timer" aria-label="Time on this card">0:00</p>'
SCRIPT = """
let hash = null;
let last = Date.now();

function tick() {
  const passed = document.hidden ? 0 : Date.now() - last;
  last = Date.now();
  const clock = document.querySelector(".clock");
  if (clock === null) return;
  const { content } = tallymark;
  content.seconds = (content.seconds ?? 0) + passed / 1000;
  const whole = Math.floor(content.seconds);
  clock.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

document.addEventListener("tallymarkupdate", ({ detail: { task } }) => {
  if (task._task_hash !== hash) last = Date.now();
  hash = task._task_hash;
  tick();
});
setInterval(tick, 250);
"""
STYLE = ".clock { font-size: 1.4em; font-variant-numeric: tabular-nums; opacity: 0.75 }"
TEXTS = ["Short.", "A longer text takes a longer time to read, and the clock shows it."]


@recipe("pages.timer")
def timer(dataset: str):
    """Is it well written?"""
    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": [{"text": text} for text in TEXTS],
        "config": {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": STYLE},
    }
