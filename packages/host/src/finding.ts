/** What `banyan doctor` found about one thing. */
export interface Finding {
  readonly state: 'good' | 'warning' | 'bad'
  readonly what: string
  readonly remedy?: string
}
