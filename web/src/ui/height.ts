/** Says how tall a card has to be to show all of its content, now and whenever the content changes its size. */
export function watchHeight(card: HTMLElement, heard: (height: number) => void): () => void {
  const scrollers = [...card.querySelectorAll("[data-scroller]")];
  const watch = new ResizeObserver(() => {
    const unseen = scrollers.reduce((sum, one) => sum + one.scrollHeight - one.clientHeight, 0);
    heard(card.offsetHeight + unseen);
  });
  for (const part of scrollers.flatMap((scroller) => [...scroller.children])) watch.observe(part);
  return () => watch.disconnect();
}
