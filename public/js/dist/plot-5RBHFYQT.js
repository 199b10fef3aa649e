import{a}from"./chunk-DQ3HFO23.js";import"./chunk-ZUJD2WRZ.js";export{a as plot};
