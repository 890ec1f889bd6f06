export { edit } from "@/interfaces/sound/regions";
