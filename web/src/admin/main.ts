import "@/app.css";
import "@/admin/admin.css";

import { mount } from "svelte";

import Admin from "@/admin/Admin.svelte";
import { applyTheme } from "@/ui/theme";

applyTheme();
const target = document.getElementById("root");
if (target === null) throw new Error("The page has no #root.");
mount(Admin, { target });
