/** How the text itself is shown, as the settings say. */

import type { Config } from "@/api/types";
import type { TextLook } from "@/interfaces/spans/text";

export function lookOf(config: Config): TextLook {
  return {
    hideNewlines: config.hide_newlines === true,
    gaps: config.honor_token_whitespace === false,
  };
}
