/** Runs the scripts of a recipe, and tells them what happens on the page. */

import { tick } from "svelte";

import type { Json, Task } from "@/api/types";
import type { Desk } from "@/core/desk";
import { same } from "@/core/merge";
import { Content, copy, pageApi, type PageApi, PREFIXES } from "@/custom/api";
import { say, watchErrors } from "@/custom/errors";
import { loadSanitiser } from "@/interfaces/content/sanitiser";
import type { CodeFile, CustomCode } from "@/interfaces/content/trust";

declare global {
  interface Window {
    tallymark?: PageApi;
    prodigy?: PageApi;
  }
}

/** Gives the end of it. */
export async function start(desk: Desk, code: CustomCode): Promise<() => void> {
  const stopWatching = watchErrors(desk.notices);
  const content = new Content(desk);
  const api = pageApi(desk, content);
  window.tallymark = window.prodigy = api;
  const stopHearing = desk.hear((signal) => {
    if (signal.kind === "answering") content.gather();
    else {
      // The answer is on its way before any script hears of it; scripts get a copy to do with as they like.
      const { kind, ...detail } = signal;
      const told = "task" in detail ? { ...detail, task: copy(detail.task) } : detail;
      queueMicrotask(() => tell(kind, told));
    }
  });
  await loadSanitiser();
  for (const file of code.scripts) await run(file, desk);
  await drawn();
  tell("mount");
  tell("load");
  const news = new News(desk, content);
  const stopNews = desk.subscribe(() => void news.look());
  await news.look();
  return () => {
    stopNews();
    stopHearing();
    stopWatching();
  };
}

/** An error of the listeners goes to the window, not to us. */
function tell(kind: string, detail: object = {}): void {
  for (const prefix of PREFIXES) document.dispatchEvent(new CustomEvent(`${prefix}${kind}`, { detail }));
}

/** Done when the script ran, or could not be had; later ones run all the same. */
function run({ name, href }: CodeFile, desk: Desk): Promise<void> {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = href;
    script.addEventListener("load", () => {
      tell("scriptload", { url: name, src: name });
      resolve();
    });
    script.addEventListener("error", () => {
      say(
        desk.notices,
        `${name} could not be loaded; check its address and the network, then load the page again.`,
      );
      resolve();
    });
    document.head.append(script);
  });
}

/** The page shows what was decided so far. */
async function drawn(): Promise<void> {
  await tick();
  await new Promise((resolve) => setTimeout(resolve));
}

/** Notices new tasks, changed tasks, new spans and the end. */
class News {
  private card: string | null = null;
  private document: Task | null = null;
  private over = false;
  private telling = false;

  constructor(
    private readonly desk: Desk,
    private readonly content: Content,
  ) {}

  async look(): Promise<void> {
    if (this.telling) return;
    this.telling = true;
    await drawn();
    try {
      this.tellChanges();
    } finally {
      this.telling = false;
    }
    // What a listener itself changed is known, and no news; the next card is.
    if (this.idOfCard() === this.card) this.remember();
    else await this.look();
  }

  private idOfCard(): string | null {
    const { card } = this.desk.view;
    return card === null ? null : `${card.taskId} ${card.from}`;
  }

  private tellChanges(): void {
    const { card, exhausted } = this.desk.view;
    const id = this.idOfCard();
    const before = id === this.card ? this.document : null;
    const ended = exhausted && !this.over;
    this.card = id;
    this.over = exhausted;
    // What scripts wrote into the content belongs to the document from here on.
    const task = this.content.get();
    this.remember();
    if (card !== null && (before === null || !same(task, before))) {
      tell("update", { task });
      for (const span of before === null ? [] : newSpans(before, task)) tell("spanselected", { span, task });
    }
    if (ended) tell("end");
  }

  private remember(): void {
    const { document } = this.desk;
    this.document = document === null ? null : copy(document);
  }
}

function newSpans(before: Task, now: Task): Json[] {
  const spansOf = ({ spans }: Task): Json[] => (Array.isArray(spans) ? spans : []);
  const old = spansOf(before);
  return spansOf(now).filter((span) => !old.some((other) => same(span, other)));
}
