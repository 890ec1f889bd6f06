import { parse, stringify } from "@/api/json";
import type {
  Access,
  AnswersReply,
  ClaimedSeat,
  HeartbeatReply,
  HistoryQuery,
  HistoryReply,
  Invitation,
  Json,
  LeaseReply,
  Login,
  Project,
} from "@/api/types";

/** The server said no; `code` is stable, `detail` is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly datasets: string[] = [],
  ) {
    super(detail);
    this.name = "ApiError";
  }
}

/** Nobody answered: no network, no server, or it took too long. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("The server does not answer.", { cause });
    this.name = "Unreachable";
  }
}

export interface Api {
  project(dataset: string | null): Promise<Project>;
  claim(body: { dataset: string; name: string; client_id: string }): Promise<ClaimedSeat>;
  lease(session: string, body: { size: number; holding: string[]; client_id: string }): Promise<LeaseReply>;
  /** `ops` are operations as JSON text. `leaving`: the page may be gone before the reply comes. */
  answers(session: string, ops: string[], clientId: string, leaving?: boolean): Promise<AnswersReply>;
  /** Calls a function of the recipe; gives what it returned. */
  event(session: string, name: string, payload: { [key: string]: Json }): Promise<Json>;
  release(session: string, body: { task_ids?: string[]; client_id: string }): Promise<void>;
  heartbeat(session: string, body: { client_id: string; cursor?: number | null }): Promise<HeartbeatReply>;
  /** The page goes away: sent without waiting for the reply. */
  leave(session: string, clientId: string): Promise<unknown>;
  history(session: string, query: HistoryQuery): Promise<HistoryReply>;
  access(): Promise<Access>;
  login(body: { name: string; password: string }): Promise<Login>;
  logout(): Promise<Access>;
  invitation(token: string): Promise<Invitation>;
  accept(body: { invitation: string; password: string }): Promise<Login>;
}

const TIMEOUT_MS = 20_000;

interface Problem {
  code?: unknown;
  detail?: unknown;
  title?: unknown;
  datasets?: unknown;
}

export function httpApi(root = "api/v1"): Api {
  const seat = (session: string, what: string): string =>
    `${root}/sessions/${encodeURIComponent(session)}/${what}`;
  return {
    project: (dataset) => get(`${root}/project${query({ dataset: dataset ?? undefined })}`),
    claim: (body) => post(`${root}/sessions`, body),
    lease: (session, body) => post(seat(session, "lease"), body),
    answers: (session, ops, clientId, leaving = false) =>
      send(
        seat(session, "answers"),
        `{"ops":[${ops.join(",")}],"client_id":${stringify(clientId)}}`,
        leaving,
      ),
    event: async (session, name, payload) => {
      const reply: { result: Json } = await post(
        seat(session, `events/${encodeURIComponent(name)}`),
        payload,
      );
      return reply.result;
    },
    release: (session, body) => post(seat(session, "release"), body),
    heartbeat: (session, body) => post(seat(session, "heartbeat"), body),
    leave: (session, clientId) =>
      send(seat(session, "heartbeat"), stringify({ client_id: clientId, leaving: true }), true),
    history: (session, wanted) => get(`${seat(session, "history")}${query({ ...wanted })}`),
    access: () => get(`${root}/access`),
    login: (body) => post(`${root}/access/login`, body),
    logout: () => post(`${root}/access/logout`, {}),
    invitation: (token) => get(`${root}/access/invitation${query({ token })}`),
    accept: (body) => post(`${root}/access/invitation`, body),
  };
}

export function query(values: { [key: string]: string | number | boolean | undefined }): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}`;
}

const JSON_HEADERS = { accept: "application/json", "content-type": "application/json" };

export function get<T>(url: string): Promise<T> {
  return call(url, { headers: { accept: "application/json" } });
}

export function post<T>(url: string, body: unknown): Promise<T> {
  return send(url, stringify(body), false);
}

function send<T>(url: string, body: string, keepalive: boolean): Promise<T> {
  return call(url, { method: "POST", headers: JSON_HEADERS, body, keepalive });
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const reply = await fetch(url, { ...init, signal: abort.signal, cache: "no-store" });
    const text = await reply.text();
    if (!reply.ok) throw problem(reply.status, text);
    return parse(text) as T;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new Unreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

function problem(status: number, text: string): ApiError {
  const told = readProblem(text);
  const code = typeof told.code === "string" ? told.code : `http_${status}`;
  const detail = [told.detail, told.title].find((part) => typeof part === "string") as string | undefined;
  const datasets = Array.isArray(told.datasets) ? told.datasets.map(String) : [];
  return new ApiError(status, code, detail ?? `The server answered ${status}.`, datasets);
}

function readProblem(text: string): Problem {
  try {
    const value: unknown = parse(text);
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
