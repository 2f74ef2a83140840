/** A small catalogue of its own, so that the shop has something to sell from the first second. */
export const catalogue = [
  { sku: 'MUG-BLUE', name: 'Blue stoneware mug', priceMinor: 850 },
  { sku: 'MUG-SAND', name: 'Sand stoneware mug', priceMinor: 850 },
  { sku: 'BOWL-OAK', name: 'Oak salad bowl', priceMinor: 3_400 },
  { sku: 'LAMP-DESK', name: 'Brass desk lamp', priceMinor: 6_900 },
  { sku: 'RUG-WOOL', name: 'Wool rug, 120 × 180', priceMinor: 18_900 },
  { sku: 'CANDLE-3', name: 'Three beeswax candles', priceMinor: 1_250 },
  { sku: 'VASE-TALL', name: 'Tall glass vase', priceMinor: 2_700 },
  { sku: 'CHAIR-ASH', name: 'Ash dining chair', priceMinor: 12_500 },
  { sku: 'TOWEL-SET', name: 'Set of four linen towels', priceMinor: 4_200 },
  { sku: 'CLOCK-WALL', name: 'Wall clock', priceMinor: 3_900 },
  { sku: 'THROW-GREY', name: 'Grey lambswool throw', priceMinor: 7_500 },
  { sku: 'PLANT-FIG', name: 'Fig tree in a pot', priceMinor: 5_600 },
] as const
