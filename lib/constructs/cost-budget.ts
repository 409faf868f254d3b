/** What the account may cost a month, and who is told when it costs more. */
import * as budgets from 'aws-cdk-lib/aws-budgets';
import type { Construct } from 'constructs';

export interface CostBudgetProps {
  readonly dollars: number;
  /** Budgets writes to them itself: it needs neither the topic nor its key. */
  readonly mails: readonly string[];
}

/**
 * A budget of the whole account: one of the tag `stage` would stay at zero until somebody switches that tag on for
 * billing, and nobody would notice.
 */
export class CostBudget extends budgets.CfnBudget {
  constructor(scope: Construct, id: string, { dollars, mails }: CostBudgetProps) {
    const tell = (
      notificationType: 'ACTUAL' | 'FORECASTED',
      threshold: number,
    ): budgets.CfnBudget.NotificationWithSubscribersProperty => ({
      notification: {
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold,
        thresholdType: 'PERCENTAGE',
      },
      subscribers: mails.map((address) => ({ subscriptionType: 'EMAIL', address })),
    });
    super(scope, id, {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: dollars, unit: 'USD' },
      },
      notificationsWithSubscribers: [tell('ACTUAL', 80), tell('FORECASTED', 100), tell('ACTUAL', 100)],
    });
  }
}
