/** What is odd about the regions of a picture, for the person to see and mend. */

import { t } from "@/core/say";
import type { Json } from "@/api/types";
import type { ImageWork } from "@/interfaces/image_manual/edit";
import { standing } from "@/interfaces/image_manual/geometry";
import { read, samePoints, type Shape } from "@/interfaces/image_manual/shapes";

export interface Concern {
  text: string;
  /** The region it is about; null for one that cannot be drawn, which `origin` names. */
  shape: Shape | null;
  origin: number | null;
  /** It can be cut off at the border of the picture. */
  cuts: boolean;
}

/** `base` is the document's own list of regions. Numbers of regions are counted from 1. */
export function concernsOf(work: ImageWork, base: readonly Json[], labels: readonly string[]): Concern[] {
  return [
    ...work.odd.map((origin) => {
      const why = read(base[origin], origin, "");
      const text = t("Region {0} cannot be shown, and is kept: it {1}.", origin + 1, String(why));
      return { text, shape: null, origin, cuts: false };
    }),
    ...misplaced(work),
    ...doubled(work.shapes),
    ...unlabelled(work.shapes, labels),
  ];
}

function named({ label }: Shape, n: number): string {
  return label === null ? String(n) : `${n} (${label})`;
}

function misplaced({ shapes, size }: ImageWork): Concern[] {
  if (size === null) return [];
  return shapes.flatMap((shape, i) => {
    const where = standing(shape, size);
    if (where === "on") return [];
    const name = named(shape, i + 1);
    const text =
      where === "over"
        ? t("Region {0} reaches beyond the picture.", name)
        : t("Region {0} lies beside the picture.", name);
    return [{ text, shape, origin: null, cuts: where === "over" }];
  });
}

function doubled(shapes: readonly Shape[]): Concern[] {
  const met = new Map<string, { shape: Shape; n: number }[]>();
  return shapes.flatMap((shape, i) => {
    const [x, y] = shape.points[0] ?? [0, 0];
    const key = `${shape.label ?? ""} ${x} ${y} ${shape.points.length}`;
    const others = met.get(key) ?? [];
    met.set(key, [...others, { shape, n: i + 1 }]);
    const twin = others.find((other) => samePoints(other.shape.points, shape.points));
    if (twin === undefined) return [];
    const text = t("Region {0} is the same as region {1}.", named(shape, i + 1), twin.n);
    return [{ text, shape, origin: null, cuts: false }];
  });
}

function unlabelled(shapes: readonly Shape[], labels: readonly string[]): Concern[] {
  if (labels.length === 0) return [];
  return shapes.flatMap((shape, i) => {
    if (shape.label !== null && labels.includes(shape.label)) return [];
    const text =
      shape.label === null
        ? t("Region {0} has no label.", i + 1)
        : t("Region {0} has a label that is none of the label set.", named(shape, i + 1));
    return [{ text, shape, origin: null, cuts: false }];
  });
}
