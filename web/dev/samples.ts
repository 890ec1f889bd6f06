import type { FakeOptions } from "@dev/fake";
import type { Task } from "@/api/types";

const TEXTS = [
  "Ada Lovelace met Charles Babbage in London in June 1833, and wrote the first program for his Analytical Engine.",
  "In 1969 Apollo 11 carried Neil Armstrong, Buzz Aldrin and Michael Collins to the Moon; NASA still keeps the tapes.",
  "The river Tay rises on Ben Lui and reaches the North Sea near Dundee.",
  "Maryam Mirzakhani, born in Tehran, taught at Princeton before moving to Stanford University.",
  "“We never expected rain in Seville,” said Inés García 👩🏽‍🔬, who flew in from Zürich on Tuesday.",
  "Grace Hopper joined the Navy in 1943\nand worked on the Harvard Mark I\nwith Howard Aiken.",
  "وُلد نجيب محفوظ في القاهرة عام 1911 وحصل على جائزة نوبل في الأدب.",
  "Tokyo, Lagos and São Paulo were the three largest hosts of the programme run by UNICEF last year.",
];

function tokens(text: string): Task[] {
  const points = [...text];
  const found: Task[] = [];
  let start = 0;
  const close = (end: number): void => {
    if (end > start) found.push({ text: points.slice(start, end).join(""), start, end, id: found.length });
  };
  points.forEach((point, i) => {
    if (/\s/u.test(point)) {
      close(i);
      start = i + 1;
    } else if (/[.,;“”]/u.test(point)) {
      close(i);
      start = i;
      close(i + 1);
      start = i + 1;
    }
  });
  close(points.length);
  return found;
}

function span(text: string, covered: string, label: string): Task {
  const start = [...text.slice(0, text.indexOf(covered))].length;
  return { start, end: start + [...covered].length, label, source: "model", score: 0.93 };
}

export function nerTask(text: string, i = 0): Task {
  return { text, tokens: tokens(text), meta: { source: "samples", score: (i % 7) / 10 } };
}

function news(): Task[] {
  const tasks = Array.from({ length: 400 }, (_, i) => {
    const text = TEXTS[i % TEXTS.length] ?? "";
    return nerTask(i < TEXTS.length ? text : `${text} (${i})`, i);
  });
  const first = tasks[0];
  if (first !== undefined) {
    const text = TEXTS[0] ?? "";
    first.spans = [span(text, "Ada Lovelace", "PERSON"), span(text, "London", "PLACE")];
  }
  return tasks;
}

const LABELS = ["PERSON", "ORG", "PLACE", "DATE", "EVENT", "WORK_OF_ART", "PRODUCT"];

const CARD =
  `<article style="font-family: Georgia, serif"><h2 style="color:#7a3">A small card</h2>
<p onclick="alert(1)">With <b>bold</b> text, a table and an image.</p>
<table><tr><th>Year</th><th>Place</th></tr><tr><td>1833</td><td>London</td></tr></table>
<script>alert(1)</scr` + `ipt></article>`;

export const SAMPLES: Record<string, FakeOptions> = {
  news: {
    tasks: news(),
    viewId: "ner_manual",
    labels: LABELS,
    recipe: "ner.manual",
    instructions: "Mark names of people, organisations and places.\n\nWhole names, without titles.",
    config: { show_flag: true, ignore_reasons: ["Not a sentence", "Wrong language", "Cannot decide"] },
  },
  topics: {
    tasks: TEXTS.map((text) => ({
      text,
      options: ["Science", "Travel", "Politics", "Sport", "Something else"].map((name, id) => ({
        id,
        text: name,
      })),
    })),
    viewId: "choice",
    recipe: "textcat.manual",
    config: { choice_style: "multiple" },
    ask: true,
  },
  quick: {
    tasks: TEXTS.map((text) => ({
      text,
      options: [
        { id: "yes", text: "Yes", meta: "beyond doubt" },
        { id: "no", text: "No", meta: "or not sure" },
      ],
    })),
    viewId: "choice",
    recipe: "mark",
    config: { choice_style: "single", choice_auto_accept: true },
  },
  sentiment: {
    tasks: TEXTS.map((text, i) => ({
      text,
      label: i % 2 === 0 ? "HISTORY" : "SCIENCE",
      meta: { score: 0.4 },
    })),
    viewId: "classification",
    recipe: "textcat.teach",
  },
  notes: { tasks: TEXTS.map((text) => ({ text })), viewId: "text", recipe: "mark" },
  cards: { tasks: [{ html: CARD }, { html: "<p>Second</p>" }], viewId: "html", recipe: "mark" },
  long: {
    tasks: [0, 1, 2].map((n) =>
      nerTask(Array.from({ length: 400 }, (_, i) => `${n}.${i} ${TEXTS[i % 6]}`).join("\n\n"), n),
    ),
    viewId: "ner_manual",
    labels: LABELS,
  },
  slow: { tasks: news().slice(0, 12), viewId: "ner_manual", labels: LABELS, validates: true },
};
