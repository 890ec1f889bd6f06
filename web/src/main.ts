import "@/app.css";

import { mount } from "svelte";

import App from "@/ui/App.svelte";
import { applyTheme } from "@/ui/theme";

applyTheme();
const target = document.getElementById("root");
if (target === null) throw new Error("The page has no #root.");
target.classList.add("prodigy-root");
mount(App, { target });
