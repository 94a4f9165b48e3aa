/** A tag names one model at a time. Used by both model servers, each with models of its own kind. */

/** Gives `tag` to `modelId` and takes it from whichever of `rivals` holds it. */
export function moveTag<Model extends { tags: readonly string[] }>(
  known: Map<string, Model>,
  modelId: string,
  tag: string,
  rivals: (model: Model) => boolean = () => true,
): void {
  for (const [id, model] of known) {
    const others = model.tags.filter((held) => held !== tag);
    if (id === modelId) known.set(id, { ...model, tags: [...others, tag] });
    else if (rivals(model) && model.tags.includes(tag)) known.set(id, { ...model, tags: others });
  }
}
