import{a}from"./chunk-VT6YZKLK.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-SLP6SUCR.js";export{a as plot};
