import type { Component } from "svelte";

import type { Config, Task } from "@/api/types";
import type { Change, KeyHelp } from "@/interfaces/interface";

/** What every interface gets. `W` is its own value for the work on a card. */
export interface ViewProps<W> {
  task: Task;
  work: W;
  config: Config;
  labels: string[];
  /** Another one for every card. */
  card: string;
  /** The person changed something. */
  onwork: (work: W, change?: Change) => void;
  /** The work says it all: submit as accepted. */
  onaccept: () => void;
  /** Tell screen readers. */
  onannounce: (text: string) => void;
  /** Other parts are shown than before. */
  onlayout: () => void;
}

/** What an interface's component exports. */
export interface ViewExports {
  /** A key that is no action of the page; true when it meant something here. */
  press?: (key: string) => boolean;
  /** Puts the focus where work on a fresh card starts. */
  focus?: () => void;
  help?: () => KeyHelp[];
  /** Shows what has to be seen before the card can be accepted; true when there was something. */
  detain?: () => boolean;
}

export type View = Component<ViewProps<unknown>, ViewExports>;
