"""Write a regular expression and see at once what it finds; both are stored."""

from tallymark import recipe

TEMPLATE = """
<label for="pattern">Pattern</label>
<input id="pattern" type="text" spellcheck="false" autocomplete="off" placeholder="[A-Z]{2,}" />
<p id="words">{{text}}</p>
<p id="found" role="status"></p>
"""
SCRIPT = r"""
// Places in a text are counted in characters, as Python counts them.
const place = (text, at) => [...text.slice(0, at)].length;

function matches(text, pattern) {
  if (pattern === "") return [];
  const found = [...text.matchAll(new RegExp(pattern, "gu"))].filter(([words]) => words !== "");
  return found.map(({ 0: words, index }) => ({ words, index }));
}

function draw(text, found) {
  const pieces = [];
  let at = 0;
  for (const { words, index } of found) {
    const mark = document.createElement("mark");
    mark.textContent = words;
    pieces.push(text.slice(at, index), mark);
    at = index + words.length;
  }
  document.querySelector("#words").replaceChildren(...pieces, text.slice(at));
}

function show(pattern) {
  const { text } = tallymark.content;
  const said = document.querySelector("#found");
  try {
    const found = matches(text, pattern);
    draw(text, found);
    said.textContent = pattern === "" ? "" : `${found.length} found`;
    return found.map(({ words, index }) => ({
      start: place(text, index),
      end: place(text, index + words.length),
      text: words,
    }));
  } catch (error) {
    draw(text, []);
    said.textContent = error.message;
    return [];
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.id !== "pattern") return;
  Object.assign(tallymark.content, { pattern: target.value, matches: show(target.value) });
});
document.addEventListener("tallymarkupdate", ({ detail: { task } }) => {
  const field = document.querySelector("#pattern");
  if (field.value !== (task.pattern ?? "")) field.value = task.pattern ?? "";
  show(field.value);
});
"""
STYLE = """
#pattern { width: 100%; min-height: 2.6em; padding: 0 0.7em; font-family: monospace }
mark { border-radius: 3px; background: color-mix(in srgb, currentColor 16%, transparent); color: inherit }
#found { min-height: 1.6em; opacity: 0.8 }
"""
TEXTS = ["NATO and the EU met 🎉 in NYC.", "Call 555-0101 or 555-0199."]


@recipe("pages.highlighter")
def highlighter(dataset: str):
    """Find a pattern that marks all names in capitals, or all numbers."""
    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": [{"text": text} for text in TEXTS],
        "config": {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": STYLE},
    }
