/** What becomes of resources that hold data when their stack is deleted. */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from '../settings.ts';

/** What stays when its stack goes; what a first deployment that failed has made goes all the same. */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** What becomes of stored things when their stack goes. */
export const removalPolicy = ({ data }: Settings): RemovalPolicy =>
  data.onDelete === 'retain' ? KEPT : RemovalPolicy.DESTROY;
