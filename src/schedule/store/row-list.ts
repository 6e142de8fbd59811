// A list of rows that is filled and emptied all the time. It keeps its memory, unlike an array whose length is set to 0.

/** Rows are not negative, so that -1 can mean none. */
export class RowList {
  #rows = new Int32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(place: number): number {
    return this.#rows[place] as number;
  }

  push(row: number): void {
    if (this.#length === this.#rows.length) {
      const rows = new Int32Array(this.#length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows[this.#length] = row;
    this.#length++;
  }

  /** Takes the last row off; -1 when there is none. */
  pop(): number {
    if (this.#length === 0) return -1;
    this.#length--;
    return this.#rows[this.#length] as number;
  }

  /** Takes the row at this index out; the last row moves there. */
  take(place: number): number {
    const row = this.at(place);
    this.#rows[place] = this.pop();
    return row;
  }

  includes(row: number): boolean {
    for (let place = 0; place < this.#length; place++) if (this.#rows[place] === row) return true;
    return false;
  }

  clear(): void {
    this.#length = 0;
  }
}
