/** Things to do at their times, the earliest first; those of one time in the order added. */
import type { Micros } from '../../contracts/time.ts';

interface Entry<T> {
  readonly at: Micros;
  readonly order: number;
  readonly item: T;
}

/** A binary heap. */
export class Agenda<T> {
  private readonly heap: Entry<T>[] = [];
  private count = 0;

  /** When the first is due. */
  get due(): Micros | undefined {
    return this.heap[0]?.at;
  }

  private before(left: number, right: number): boolean {
    const a = this.heap[left];
    const b = this.heap[right];
    if (a === undefined || b === undefined) return false;
    return a.at === b.at ? a.order < b.order : a.at < b.at;
  }

  private swap(left: number, right: number): void {
    const a = this.heap[left];
    const b = this.heap[right];
    if (a === undefined || b === undefined) return;
    this.heap[left] = b;
    this.heap[right] = a;
  }

  add(at: Micros, item: T): void {
    this.count += 1;
    let place = this.heap.push({ at, order: this.count, item }) - 1;
    for (let parent = (place - 1) >> 1; place > 0 && this.before(place, parent); parent = (place - 1) >> 1) {
      this.swap(place, parent);
      place = parent;
    }
  }

  /** Takes the first. */
  take(): T | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (first === undefined || last === undefined || this.heap.length === 0) return first?.item;
    this.heap[0] = last;
    for (let place = 0; ; ) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) if (this.before(child, least)) least = child;
      if (least === place) return first.item;
      this.swap(place, least);
      place = least;
    }
  }
}
