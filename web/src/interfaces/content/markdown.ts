/**
 * The Markdown that instructions are written in, as HTML: headings, paragraphs, lists, quotes, rules, code,
 * tables, emphasis, links and images. The result is sanitised by whoever shows it.
 */

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const BULLET = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const CELLS = /^\s*\|(.*)\|\s*$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;

export function markdown(text: string): string {
  return blocks(text.replace(/\r\n?/g, "\n").split("\n")).join("\n");
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign);
}

function inline(text: string): string {
  // Code comes out first and goes back last, so that nothing in it is emphasis.
  const code: string[] = [];
  const kept = text.replace(/`([^`]+)`/g, (_, body: string) => `\uE000${code.push(escape(body)) - 1}\uE000`);
  return escape(kept)
    .replace(/!\[([^\]]*)\]\(([^)\s]+)\)/g, '<img alt="$1" src="$2">')
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>')
    .replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, "<strong>$2</strong>")
    .replace(/(?<![\w*])\*(?=\S)(.+?)(?<=\S)\*(?![\w*])/g, "<em>$1</em>")
    .replace(/(?<!\w)_(?=\S)(.+?)(?<=\S)_(?!\w)/g, "<em>$1</em>")
    .replace(/ {2,}\n/g, "<br>")
    .replace(/\uE000(\d+)\uE000/g, (_, n: string) => `<code>${code[Number(n)] ?? ""}</code>`);
}

function blocks(lines: string[]): string[] {
  const html: string[] = [];
  let at = 0;
  /** The lines from here on that are of a kind. */
  const take = (fits: (line: string) => boolean): string[] => {
    const start = at;
    while (at < lines.length && fits(lines[at] ?? "")) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (line.trim() === "") at += 1;
    else if (line.startsWith("```")) {
      at += 1;
      html.push(`<pre><code>${escape(take((one) => !one.startsWith("```")).join("\n"))}</code></pre>`);
      at += 1;
    } else if (heading !== null) {
      at += 1;
      // The dialog's own title comes above.
      const level = Math.min(6, (heading[1]?.length ?? 1) + 2);
      html.push(`<h${level}>${inline(heading[2] ?? "")}</h${level}>`);
    } else if (RULE.test(line)) {
      at += 1;
      html.push("<hr>");
    } else if (line.startsWith(">")) {
      const quoted = take((one) => one.startsWith(">")).map((one) => one.replace(/^>\s?/, ""));
      html.push(`<blockquote>${blocks(quoted).join("\n")}</blockquote>`);
    } else if (BULLET.test(line)) {
      html.push(list(take((one) => BULLET.test(one) || /^\s+\S/.test(one))));
    } else if (CELLS.test(line)) html.push(table(take((one) => CELLS.test(one))));
    else html.push(`<p>${inline(take((one) => isProse(one)).join("\n"))}</p>`);
  }
  return html;
}

function isProse(line: string): boolean {
  const starts = [/^#{1,6}\s/, /^>/, /^```/, BULLET, CELLS, RULE];
  return line.trim() !== "" && !starts.some((start) => start.test(line));
}

/** Items that are indented deeper than the first one are a list of their own in the item before. */
function list(lines: string[]): string {
  const depth = (line: string): number => line.length - line.trimStart().length;
  const outer = depth(lines[0] ?? "");
  const items: { text: string; inside: string[] }[] = [];
  for (const line of lines) {
    const item = BULLET.exec(line);
    const last = items.at(-1);
    if (item !== null && depth(line) <= outer) items.push({ text: item[2] ?? "", inside: [] });
    else if (last !== undefined && (item !== null || last.inside.length > 0)) last.inside.push(line);
    else if (last !== undefined) last.text += `\n${line.trim()}`;
  }
  const tag = BULLET.exec(lines[0] ?? "")?.[1] === undefined ? "ul" : "ol";
  const told = items.map(({ text, inside }) => {
    return `<li>${inline(text)}${inside.length > 0 ? list(inside) : ""}</li>`;
  });
  return `<${tag}>${told.join("")}</${tag}>`;
}

function table(lines: string[]): string {
  const rows = lines.map((line) => (CELLS.exec(line)?.[1] ?? "").split("|").map((cell) => cell.trim()));
  const ruled = rows[1]?.every((cell) => /^:?-+:?$/.test(cell)) === true;
  const row = (cells: string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join("")}</tr>`;
  const head = ruled ? `<thead>${row(rows[0] ?? [], "th")}</thead>` : "";
  const body = (ruled ? rows.slice(2) : rows).map((cells) => row(cells, "td")).join("");
  return `<table>${head}<tbody>${body}</tbody></table>`;
}
