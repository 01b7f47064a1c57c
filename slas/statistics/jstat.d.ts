/** Types for the part of jstat that we use; it ships none. */
declare module 'jstat' {
  const jstat: {
    readonly beta: {
      inv(p: number, alpha: number, beta: number): number;
      cdf(x: number, alpha: number, beta: number): number;
    };
    readonly studentt: { inv(p: number, degrees: number): number };
    readonly normal: {
      inv(p: number, mean: number, deviation: number): number;
      cdf(x: number, mean: number, deviation: number): number;
    };
  };
  export default jstat;
}
