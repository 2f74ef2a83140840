/**
 * Runs each of them in order, whatever became of those before: what cannot be closed must not keep open what comes after it.
 * @param onFurther is told of errors beyond the first, which most often follow from it
 * @throws the first error, when all have run
 */
export async function closeInOrder(
  closers: readonly (() => unknown)[],
  onFurther: (error: unknown) => void,
): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers)
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  for (const error of errors.slice(1)) onFurther(error)
  if (errors.length > 0) throw errors[0]
}
