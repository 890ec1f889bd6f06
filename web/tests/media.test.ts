import { describe, expect, it } from "vitest";

import { addressOf } from "@/interfaces/media";

describe("media that a task names", () => {
  const of = (named: string): string => addressOf(named, "my news", "7");

  it.each([
    "https://example.test/a.png",
    "data:image/png;base64,x",
    "blob:http://x/y",
    "//cdn/a.png",
    "/api/v1/x",
    "",
  ])("leaves the address %j alone", (named) => {
    expect(of(named)).toBe(named);
  });

  it.each([
    ["cats/a b#1.png", "cats/a%20b%231.png"],
    ["/data/a.png", "%2Fdata/a.png"],
    ["file:///data/a%20b.png", "%2Fdata/a%20b.png"],
    ["file:///data/100%.png", "%2Fdata/100%25.png"],
    ["ä:1.png", "%C3%A4%3A1.png"],
  ])("has %j from the server", (named, path) => {
    expect(of(named)).toBe(`api/v1/media/my%20news/task-7/${path}`);
  });
});
