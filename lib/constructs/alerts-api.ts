/** Alerts and alert rules over HTTP. */
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface AlertsApiProps extends CapabilityProps {
  /** Told what people do about alerts. */
  readonly alerts: FunctionQueue;
}

/** `alerts-api`, which changes alerts and rules; it raises none itself, and announces nothing. */
export class AlertsApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, alerts }: AlertsApiProps) {
    super(scope, id, { service: 'alerts-api', settings });
    this.usesTable(storage, 'registry', [
      'BatchGetItem',
      'DeleteItem',
      'GetItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);
    this.usesIndex(storage, LISTING_INDEX);
    this.sendsTo(alerts, 'ALERTS_QUEUE_URL');
  }
}
