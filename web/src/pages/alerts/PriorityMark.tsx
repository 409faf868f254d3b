import {
  IconAlertCircle,
  IconAlertOctagon,
  IconAlertSquareRounded,
  IconAlertTriangle,
} from '@tabler/icons-react';
import type { Priority } from '../../../../contracts/resources/alert-rules.ts';
import { texts } from '../../texts.ts';

const SHAPES = {
  critical: IconAlertOctagon,
  high: IconAlertTriangle,
  medium: IconAlertSquareRounded,
  low: IconAlertCircle,
} as const;

interface Props {
  readonly priority: Priority;
  /** What is over, or quiet, is grey. */
  readonly grey?: boolean;
}

/** A priority by shape, word and colour (ISA-101). */
export const PriorityMark = ({ priority, grey = false }: Props) => {
  const Shape = SHAPES[priority];
  return (
    <span className="priority" data-priority={priority} data-grey={grey}>
      <Shape size={18} aria-hidden />
      {texts.alerts.priority[priority]}
    </span>
  );
};
