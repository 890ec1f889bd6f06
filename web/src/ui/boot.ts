/** From an address to a desk: which dataset, which seat, and what this browser still holds for it. */

import { type Api, ApiError, httpApi } from "@/api/client";
import type { Project } from "@/api/types";
import { Desk } from "@/core/desk";
import { newId } from "@/core/ids";
import { Seat } from "@/core/seat";
import { openStorage, type Storage } from "@/core/storage";
import { claimClientId, openTabs } from "@/core/tabs";
import { recall, recallForTab, remember, rememberForTab } from "@/ui/memory";

export interface Ready {
  desk: Desk;
  seat: Seat;
  storage: Storage;
}

export type Boot =
  | { step: "loading" }
  | { step: "choose"; datasets: string[] }
  | { step: "name"; project: Project; suggested: string; message: string | null }
  | { step: "trouble"; title: string; text: string; retrying: boolean }
  | ({ step: "ready" } & Ready);

const CLIENT_KEY = "client";
const RETRY_MS = 2_500;

export class Starter {
  private readonly api: Api = httpApi();
  private readonly channel =
    typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("tallymark");
  private readonly storage = openStorage();
  private readonly client: Promise<string>;
  private readonly query = new URLSearchParams(location.search);

  constructor(private readonly show: (boot: Boot) => void) {
    this.client = claimClientId(this.channel, recallForTab(CLIENT_KEY)).then((id) => {
      rememberForTab(CLIENT_KEY, id);
      return id;
    });
  }

  async start(): Promise<void> {
    try {
      await this.withProject(await this.api.project(this.query.get("dataset")));
    } catch (error) {
      this.trouble(error);
    }
  }

  private async withProject(project: Project): Promise<void> {
    const { seat } = project;
    const asked = this.query.get("session");
    const known = asked ?? (seat.ask ? recall(seatKey(project)) : seat.suggested);
    if (known === null || known === "") this.askName(project, null);
    else await this.sit(project, known);
  }

  private askName(project: Project, message: string | null): void {
    const suggested = this.query.get("session") ?? recall(seatKey(project)) ?? project.seat.suggested ?? "";
    this.show({ step: "name", project, suggested, message });
  }

  /** Claims the seat and opens the desk; a name that is not allowed is asked for again. */
  async sit(project: Project, name: string): Promise<void> {
    try {
      const seat = await Seat.claim(this.api, project.dataset, name, await this.client);
      remember(seatKey(project), name);
      this.show({ step: "ready", ...(await this.open(project, seat)) });
    } catch (error) {
      const refused = error instanceof ApiError && (error.status === 403 || error.status === 422);
      if (refused) this.askName(project, error.detail);
      else this.trouble(error);
    }
  }

  private async open(project: Project, seat: Seat): Promise<Ready> {
    const storage = await this.storage;
    const desk = new Desk({
      api: this.api,
      seat,
      project,
      storage,
      tabs: openTabs(this.channel),
      holder: newId("h"),
    });
    void desk.start();
    return { desk, seat, storage };
  }

  private trouble(error: unknown): void {
    if (error instanceof ApiError && error.code === "dataset_required") {
      this.show({ step: "choose", datasets: error.datasets });
      return;
    }
    this.show(wordsFor(error));
    setTimeout(() => void this.start(), RETRY_MS);
  }
}

/** The seat is remembered per address, database and dataset. */
function seatKey(project: Project): string {
  return `seat ${project.database_id} ${project.dataset}`;
}

function wordsFor(error: unknown): Boot {
  if (!(error instanceof ApiError)) {
    const text =
      "Start it again with the same command, or check your network. This page tries again by itself; answers that were not sent yet are kept in this browser.";
    return { step: "trouble", title: "The server does not answer", text, retrying: true };
  }
  if (error.code === "no_project") {
    const text = `${error.detail} Start a recipe for it on the command line; this page goes on by itself.`;
    return { step: "trouble", title: "Nothing to annotate here yet", text, retrying: true };
  }
  return { step: "trouble", title: "The server refused", text: error.detail, retrying: true };
}
