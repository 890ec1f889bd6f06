export { edit } from "@/interfaces/spans/edit";
