/** Errors of a recipe's scripts are shown in the page, and stop nothing else. */

import type { Notices } from "@/core/notices";

/** Where our own files lie: an error with nothing else on its way is ours. */
const OURS = "/assets/";
const ADDRESSES = /https?:\/\/[^\s)]+/g;

/** Shows what custom code throws, rejects or is not allowed to do; gives the end of it. */
export function watchErrors(notices: Notices): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const show = (error: unknown, event: Event): void => {
    event.preventDefault();
    console.error(error);
    say(notices, messageOf(error));
  };
  addEventListener(
    "error",
    (event) => {
      if (isOurs(event) || event.message.startsWith("ResizeObserver")) return;
      show(event.error ?? event.message, event);
    },
    { signal },
  );
  addEventListener("unhandledrejection", (event) => show(event.reason, event), { signal });
  document.addEventListener(
    "securitypolicyviolation",
    ({ blockedURI, effectiveDirective }) => say(notices, refusalOf(blockedURI, effectiveDirective)),
    { signal },
  );
  return () => abort.abort();
}

export function say(notices: Notices, message: string): void {
  notices.say(`custom ${message}`, "error", `In the recipe's own code: ${message}`);
}

function isOurs({ error, filename }: ErrorEvent): boolean {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const places = [filename, ...(stack.match(ADDRESSES) ?? [])];
  return places.every((place) => place.includes(OURS));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function refusalOf(blocked: string, directive: string): string {
  if (blocked === "eval") return "eval is not allowed here; write the code out.";
  if (blocked === "inline") {
    return "a script or handler in HTML is not allowed; it has to stand in javascript, or in a template without fields in it.";
  }
  const setting = directive.startsWith("style") ? "global_css_urls" : "javascript_urls";
  return /^(script|style)/.test(directive)
    ? `${blocked} may not be loaded; name it in ${setting}.`
    : `${blocked} may not be reached from this page; use an event hook of the recipe.`;
}
