/** A small curve without axes: what it does, not what it is. */
interface Props {
  /** `null` is a gap. */
  readonly values: readonly (number | null)[];
  /** What it shows, for who cannot see it. */
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
}

export const Sparkline = ({ values, label, width = 120, height = 28 }: Props) => {
  const known = values.filter((value) => value !== null);
  const [min, max] = [Math.min(...known), Math.max(...known)];
  const y = (value: number): number =>
    max > min ? height - 2 - ((value - min) / (max - min)) * (height - 4) : height / 2;
  let path = '';
  let up = true;
  values.forEach((value, place) => {
    if (value === null) {
      up = true;
      return;
    }
    const x = (place / Math.max(1, values.length - 1)) * width;
    path += `${up ? 'M' : 'L'}${x.toFixed(1)} ${y(value).toFixed(1)}`;
    up = false;
  });
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  );
};
