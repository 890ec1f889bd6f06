import type { Component } from "svelte";

import type { Config, Task } from "@/api/types";
import type { KeyHelp } from "@/interfaces/interface";

/** What every interface gets. `W` is its own value for the work on a card. */
export interface ViewProps<W> {
  task: Task;
  work: W;
  config: Config;
  labels: string[];
  /** The person changed something. */
  onwork: (work: W) => void;
  /** The work says it all: submit as accepted. */
  onaccept: () => void;
  /** Tell screen readers. */
  onannounce: (text: string) => void;
}

/** What an interface's component exports. */
export interface ViewExports {
  /** A key that is no action of the page; true when it meant something here. */
  press?: (key: string) => boolean;
  /** Puts the focus where work on a fresh card starts. */
  focus?: () => void;
  help?: () => KeyHelp[];
}

export type View = Component<ViewProps<unknown>, ViewExports>;
