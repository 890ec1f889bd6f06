import { plain } from "@/api/json";
import { decisionOnly } from "@/interfaces/interface";

export const edit = decisionOnly((task) => (task.label === undefined ? "" : plain(task.label)));
