import{a}from"./chunk-FGIKSPCA.js";import"./chunk-ZUJD2WRZ.js";export{a as plot};
