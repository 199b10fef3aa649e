import{a}from"./chunk-RU3ABI4H.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-V4GGLL7P.js";export{a as plot};
