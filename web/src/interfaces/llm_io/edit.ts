import { decisionOnly } from "@/interfaces/interface";

export const edit = decisionOnly();
