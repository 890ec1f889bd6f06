import type { Task } from "@/api/types";
import { decisionOnly } from "@/interfaces/interface";
import { counted } from "@/interfaces/relations/edit";

export const edit = decisionOnly((task: Task) => counted(Array.isArray(task.arcs) ? task.arcs.length : 0));
