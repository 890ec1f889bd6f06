export type DialogName = "help" | "instructions" | "save" | "search" | "reasons" | "comment";
