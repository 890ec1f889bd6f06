/** Tabs of one origin: they share acks, and a duplicated tab notices that its client id is taken. */

import { newId } from "@/core/ids";
import type { TabMessage, Tabs } from "@/core/outbox";

const HELLO_WAIT_MS = 80;

type Hello = { kind: "hello" | "taken"; client: string; page: string };

export function openTabs(channel: BroadcastChannel | null): Tabs {
  return {
    post: (message) => channel?.postMessage(message),
    listen: (heard) => {
      const listener = (event: MessageEvent<TabMessage | Hello>): void => {
        if ("outbox" in event.data) heard(event.data);
      };
      channel?.addEventListener("message", listener);
      return () => channel?.removeEventListener("message", listener);
    },
  };
}

/**
 * The client id of this tab: the remembered one unless another living page of this origin uses it,
 * as after "duplicate tab". Answers other pages' questions from then on.
 */
export async function claimClientId(
  channel: BroadcastChannel | null,
  remembered: string | null,
): Promise<string> {
  const page = newId("p");
  let client = remembered ?? newId("c");
  if (channel !== null && remembered !== null && (await isTaken(channel, client, page))) client = newId("c");
  channel?.addEventListener("message", ({ data }: MessageEvent<TabMessage | Hello>) => {
    if (data.kind === "hello" && data.client === client && data.page !== page) {
      channel.postMessage({ kind: "taken", client, page: data.page } satisfies Hello);
    }
  });
  return client;
}

function isTaken(channel: BroadcastChannel, client: string, page: string): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (taken: boolean): void => {
      clearTimeout(timer);
      channel.removeEventListener("message", listener);
      resolve(taken);
    };
    const listener = ({ data }: MessageEvent<TabMessage | Hello>): void => {
      if (data.kind === "taken" && data.page === page) settle(true);
    };
    const timer = setTimeout(() => settle(false), HELLO_WAIT_MS);
    channel.addEventListener("message", listener);
    channel.postMessage({ kind: "hello", client, page } satisfies Hello);
  });
}
