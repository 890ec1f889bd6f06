/** The server in memory behind `npm run dev`: one dataset for each sample, forgotten when the process ends. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Plugin, ViteDevServer } from "vite";

type FakeModule = typeof import("./fake");
type SamplesModule = typeof import("./samples");
type Fake = InstanceType<FakeModule["Fake"]>;

const ROOT = "/api/v1";

export function mock(): Plugin {
  return {
    name: "tallymark-mock",
    apply: "serve",
    configureServer(server) {
      const api = load(server);
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith(ROOT) !== true) return next();
        void api.then((handle) => handle(request, response));
      });
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function load(server: ViteDevServer): Promise<Handler> {
  const { Fake, ApiError } = (await server.ssrLoadModule("/dev/fake.ts")) as FakeModule;
  const { SAMPLES } = (await server.ssrLoadModule("/dev/samples.ts")) as SamplesModule;
  const fakes = new Map<string, Fake>(
    Object.entries(SAMPLES).map(([dataset, options]) => [dataset, new Fake({ ...options, dataset })]),
  );
  return async (request, response) => {
    try {
      send(response, 200, await route(fakes, request));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, code, detail, datasets } = error;
      send(response, status, { status, code, title: code, detail, datasets });
    }
  };

  async function route(all: Map<string, Fake>, request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const path = url.pathname.slice(ROOT.length).split("/").slice(1);
    const body = request.method === "POST" ? JSON.parse(await read(request)) : {};
    if (path[0] === "project") {
      const dataset = url.searchParams.get("dataset");
      const fake = dataset === null ? undefined : all.get(dataset);
      if (fake !== undefined) return fake.project(dataset);
      throw new ApiError(409, "dataset_required", "Several datasets are open here.", [...all.keys()]);
    }
    if (path.length === 1) return all.get(body.dataset)?.claim(body);
    const token = path[1] ?? "";
    const fake = [...all.values()].find((one) => one.seats.has(token));
    if (fake === undefined) throw new ApiError(404, "session_unknown", "This seat is not known here.");
    switch (path[2]) {
      case "lease":
        return fake.lease(token, body);
      case "answers":
        return fake.answers(
          token,
          body.ops.map((op: unknown) => JSON.stringify(op)),
          body.client_id,
        );
      case "heartbeat":
        return fake.heartbeat(token, body);
      case "history":
        return fake.history(token, { q: url.searchParams.get("q") ?? undefined });
      default:
        return {};
    }
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body ?? {}));
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
