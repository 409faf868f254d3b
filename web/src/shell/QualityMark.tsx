import { IconAlertOctagon, IconAlertTriangle } from '@tabler/icons-react';

/** A sign before a value whose quality is not good; nothing before others. */
export const QualityMark = ({ quality }: { quality: string | undefined }) => {
  if (quality === undefined || quality.startsWith('good')) return null;
  const bad = quality.startsWith('bad');
  const Icon = bad ? IconAlertOctagon : IconAlertTriangle;
  return (
    <Icon
      size={14}
      role="img"
      aria-label={quality}
      title={quality}
      color={bad ? 'var(--mantine-color-red-6)' : 'var(--mantine-color-yellow-7)'}
      style={{ verticalAlign: '-2px', marginRight: 4 }}
    />
  );
};
