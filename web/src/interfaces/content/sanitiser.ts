/** The sanitiser is loaded when the first HTML is shown, and then at hand. */

type Sanitiser = typeof import("@/interfaces/content/sanitise");

let loaded: Sanitiser | null = null;

export async function loadSanitiser(): Promise<Sanitiser> {
  loaded ??= await import("@/interfaces/content/sanitise");
  return loaded;
}

/** Calls back at once where that is possible: then nothing flickers, and scripts find what they look for. */
export function withSanitiser(use: (sanitiser: Sanitiser) => void): void {
  if (loaded !== null) use(loaded);
  else void loadSanitiser().then(use);
}
