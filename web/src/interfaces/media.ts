/** Where the files that a task names are had from: addresses are taken as they are, paths are the server's. */

import { getContext, setContext } from "svelte";

const MEDIA = Symbol("media");
/** An address with a scheme or a host, or of this server's own. */
const ADDRESS = /^([a-z][a-z0-9+.-]+:|\/\/|\/api\/)/i;
const FILE = /^file:\/\/(localhost)?(?=\/)/i;

type MediaAddress = (named: string) => string;

export function servesMedia(address: MediaAddress): void {
  setContext(MEDIA, address);
}

/** What turns a picture, recording or film that a task names into an address. */
export function mediaAddress(): MediaAddress {
  return getContext<MediaAddress | undefined>(MEDIA) ?? ((named) => named);
}

/** A path is one in the folders that the dataset's sources lie in, those of the task first. */
export function addressOf(named: string, dataset: string, taskId: string): string {
  const path = FILE.test(named) ? decoded(named.replace(FILE, "")) : named;
  if (path.trim() === "" || ADDRESS.test(path)) return path;
  const parts = path.split("/").map(encodeURIComponent);
  const below = parts[0] === "" ? `%2F${parts.slice(1).join("/")}` : parts.join("/");
  return `api/v1/media/${encodeURIComponent(dataset)}/task-${taskId}/${below}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
