// One arm's value in a drawing, told apart by shape and not by colour alone: a ring is control, a filled
// square treatment.

interface Props {
  arm: 'control' | 'treatment';
  /** A length of SVG, such as "40%". */
  x: string;
  y: number;
}

export function Mark({ arm, x, y }: Props) {
  if (arm === 'control') return <circle cx={x} cy={y} r="4" className="ring" />;
  return <rect x={x} y={y - 4} width="8" height="8" transform="translate(-4 0)" className="dot" />;
}
