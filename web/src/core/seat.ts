/** The seat at the server: claimed by name, claimed again by itself when the server forgot the token. */

import { type Api, ApiError } from "@/api/client";
import type { ClaimedSeat } from "@/api/types";

/** The server at this address has another database now; unsent work must not go there. */
export class OtherDatabase extends Error {
  constructor() {
    super("This address now serves another database.");
    this.name = "OtherDatabase";
  }
}

/** Whoever runs the project has erased this person; nothing is taken from this page any more. */
export class Erased extends Error {
  constructor() {
    super("Your name has been erased here.");
    this.name = "Erased";
  }
}

export class Seat {
  /** The server wants this person to log in (again). */
  loggedOut = false;
  private gone = false;
  private readonly listeners = new Set<() => void>();
  private claiming: Promise<void> | null = null;

  private constructor(
    private readonly api: Api,
    private claimed: ClaimedSeat,
    readonly clientId: string,
  ) {}

  static async claim(api: Api, dataset: string, name: string, clientId: string): Promise<Seat> {
    return new Seat(api, await api.claim({ dataset, name, client_id: clientId }), clientId);
  }

  get name(): string {
    return this.claimed.name;
  }

  get dataset(): string {
    return this.claimed.dataset;
  }

  get databaseId(): string {
    return this.claimed.database_id;
  }

  get alsoOpen(): boolean {
    return this.claimed.also_open;
  }

  get token(): string {
    return this.claimed.session;
  }

  /** Where this seat's unsent work lies in the browser. */
  get outbox(): string {
    return JSON.stringify([this.databaseId, this.dataset, this.name]);
  }

  get erased(): boolean {
    return this.gone;
  }

  /** Calls back when this person turns out to be erased. */
  onErased(heard: () => void): void {
    this.listeners.add(heard);
  }

  /** Makes a call with the token; a forgotten token is replaced once. Errors: `Erased` from then on. */
  async call<T>(make: (token: string) => Promise<T>): Promise<T> {
    if (this.gone) throw new Erased();
    const { token } = this;
    try {
      const reply = await make(token);
      this.loggedOut = false;
      return reply;
    } catch (error) {
      if (error instanceof ApiError && error.code === "login_required") this.loggedOut = true;
      if (error instanceof ApiError && error.code === "session_erased") this.end();
      if (!(error instanceof ApiError) || error.code !== "session_unknown") throw error;
      if (token === this.token) await this.claimAgain();
      return make(this.token);
    }
  }

  private end(): never {
    const told = this.gone;
    this.gone = true;
    if (!told) for (const heard of this.listeners) heard();
    throw new Erased();
  }

  private claimAgain(): Promise<void> {
    this.claiming ??= this.replace().finally(() => {
      this.claiming = null;
    });
    return this.claiming;
  }

  private async replace(): Promise<void> {
    const { name, dataset, databaseId, clientId } = this;
    const claimed = await this.api.claim({ dataset, name, client_id: clientId });
    if (claimed.database_id !== databaseId) throw new OtherDatabase();
    this.claimed = claimed;
  }
}
