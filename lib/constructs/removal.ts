import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from '../settings.ts';

/** What becomes of stored things when their stack goes. */
export const removalPolicy = ({ data }: Settings): RemovalPolicy =>
  data.onDelete === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
