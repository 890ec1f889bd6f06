export type DialogName =
  "help" | "settings" | "session" | "pause" | "instructions" | "save" | "search" | "reasons" | "comment";
