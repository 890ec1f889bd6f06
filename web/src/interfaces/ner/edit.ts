import { decisionOnly } from "@/interfaces/interface";
import { summary } from "@/interfaces/spans/edit";

export const edit = decisionOnly(summary);
