// A library speaks English; the reader may not. What it writes into `root` is put into the words of the page, each time
// it writes. `words` leads from what the library says to what the reader is told.
const SAYS = "aria-label";

function reworded(words: Record<string, string>, said: string): string {
  const bare = said.trim();
  const ours = words[bare];
  return ours === undefined ? said : said.replace(bare, ours);
}

function reword(root: HTMLElement, within: string, words: Record<string, string>): void {
  for (const part of root.querySelectorAll<HTMLElement>(within)) {
    for (const element of [part, ...part.querySelectorAll(`[${SAYS}]`)]) {
      const said = element.getAttribute(SAYS) ?? "";
      const ours = reworded(words, said);
      if (ours !== said) element.setAttribute(SAYS, ours);
    }
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const said = text.nodeValue ?? "";
      const ours = reworded(words, said);
      if (ours !== said) text.nodeValue = ours;
    }
  }
}

/** Only inside what matches `within`: the rest of `root` is not the library's to say. */
export function inOurWords(root: HTMLElement, within: string, words: Record<string, string>): void {
  const again = (): void => reword(root, within, words);
  const options = { childList: true, characterData: true, subtree: true, attributes: true, attributeFilter: [SAYS] };
  new MutationObserver(again).observe(root, options);
  again();
}
