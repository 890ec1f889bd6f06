/** From an address to a desk: which dataset, which seat, and what this browser still holds for it. */

import { type Api, ApiError, httpApi } from "@/api/client";
import type { Invitation, Project } from "@/api/types";
import { Desk } from "@/core/desk";
import { newId } from "@/core/ids";
import { speak, spoken, t } from "@/core/say";
import { Seat } from "@/core/seat";
import { openStorage, type Storage } from "@/core/storage";
import { claimClientId, openTabs } from "@/core/tabs";
import { customCodeOf, needsPolicy, trust } from "@/interfaces/content/trust";
import { recall, recallForTab, remember, rememberForTab } from "@/ui/memory";

export interface Ready {
  desk: Desk;
  seat: Seat;
  storage: Storage;
}

export type Boot =
  | { step: "loading" }
  | { step: "choose"; datasets: string[] }
  | { step: "login"; provider: boolean; message: string | null }
  | { step: "invited"; invitation: Invitation; message: string | null }
  | { step: "name"; project: Project; suggested: string; message: string | null }
  | { step: "trouble"; title: string; text: string; retrying: boolean }
  | ({ step: "ready" } & Ready);

const CLIENT_KEY = "client";
const LEFT_KEY = "client that left";
/** The language of the project that was open last: a login comes before the project is known. */
const LANGUAGE_KEY = "language";
const RETRY_MS = 2_500;
const LOGIN = new Set(["login_required", "login_failed", "too_many_tries"]);
/** Refusals that do not go away by waiting. */
const FINAL = new Set(["not_allowed", "session_not_allowed", "input"]);

export class Starter {
  private readonly api: Api = httpApi();
  private readonly channel =
    typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("tallymark");
  private readonly storage = openStorage();
  private readonly client: Promise<string>;
  /** The page was there before the recipe. */
  private early = false;
  private readonly query = new URLSearchParams(location.search);

  constructor(private readonly show: (boot: Boot) => void) {
    this.client = claimClientId(this.channel, recallForTab(CLIENT_KEY) ?? this.left()).then((id) => {
      rememberForTab(CLIENT_KEY, id);
      addEventListener("pagehide", () => remember(LEFT_KEY, id));
      return id;
    });
  }

  async start(): Promise<void> {
    const token = this.query.get("invitation");
    await speak(recall(LANGUAGE_KEY), null);
    try {
      if (token !== null)
        this.show({ step: "invited", invitation: await this.api.invitation(token), message: null });
      else await this.withProject(await this.api.project(this.query.get("dataset")));
    } catch (error) {
      this.trouble(error);
    }
  }

  /** The tab that was closed last goes on in this one, with its tasks, though nobody heard it leave. */
  private left(): string | null {
    return this.channel === null ? null : recall(LEFT_KEY);
  }

  async login(name: string, password: string): Promise<void> {
    try {
      await this.api.login({ name, password });
      await this.start();
    } catch (error) {
      this.trouble(error);
    }
  }

  /** Chooses a password for the account that the link in the address is for, and goes on logged in. */
  async accept(invitation: Invitation, password: string): Promise<void> {
    try {
      await this.api.accept({ invitation: this.query.get("invitation") ?? "", password });
    } catch (error) {
      this.show({ step: "invited", invitation, message: messageOf(error) });
      return;
    }
    this.query.delete("invitation");
    history.replaceState(null, "", this.query.size > 0 ? `?${this.query}` : location.pathname);
    await this.start();
  }

  private async askLogin(message: string | null): Promise<void> {
    const { provider } = await this.api.access();
    this.show({ step: "login", provider, message });
  }

  private async withProject(project: Project): Promise<void> {
    const { config, seat } = project;
    await speak(config.ui_lang, config.ui_lang_locale);
    document.documentElement.lang = spoken();
    remember(LANGUAGE_KEY, spoken());
    const asked = this.query.get("session");
    if (seat.login) return this.sit(project, seat.suggested ?? "");
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
      if (refused && !project.seat.login) this.askName(project, error.detail);
      else this.trouble(error);
    }
  }

  private async open(project: Project, seat: Seat): Promise<Ready> {
    const code = customCodeOf(project.config);
    trust(code);
    if (this.early && code !== null && needsPolicy(code)) {
      // The page was loaded before the recipe was there, under a policy that does not know its scripts.
      location.reload();
      return new Promise(() => undefined);
    }
    const storage = await this.storage;
    const desk = new Desk({
      api: this.api,
      seat,
      project,
      storage,
      tabs: openTabs(this.channel),
      holder: newId("h"),
    });
    // Who comes back is somebody new, and chooses a name.
    seat.onErased(() => remember(seatKey(project), ""));
    void desk.start();
    return { desk, seat, storage };
  }

  private trouble(error: unknown): void {
    this.early ||= error instanceof ApiError && error.code === "no_project";
    if (error instanceof ApiError && error.code === "dataset_required") {
      this.show({ step: "choose", datasets: error.datasets });
      return;
    }
    if (error instanceof ApiError && LOGIN.has(error.code)) {
      void this.askLogin(error.code === "login_required" ? null : error.detail).catch((failed: unknown) =>
        this.trouble(failed),
      );
      return;
    }
    this.show(wordsFor(error));
    if (error instanceof ApiError && FINAL.has(error.code)) return;
    setTimeout(() => void this.start(), RETRY_MS);
  }
}

/** The seat is remembered per address, database and dataset. */
function seatKey(project: Project): string {
  return `seat ${project.database_id} ${project.dataset}`;
}

function wordsFor(error: unknown): Boot {
  if (!(error instanceof ApiError)) {
    const text = t(
      "Start it again with the same command, or check your network. This page tries again by itself; answers that were not sent yet are kept in this browser.",
    );
    return { step: "trouble", title: t("The server does not answer"), text, retrying: true };
  }
  if (error.code === "no_project") {
    const text = `${error.detail} ${t("Start a recipe for it on the command line; this page goes on by itself.")}`;
    return { step: "trouble", title: t("Nothing to annotate here yet"), text, retrying: true };
  }
  return {
    step: "trouble",
    title: t("The server refused"),
    text: error.detail,
    retrying: !FINAL.has(error.code),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
